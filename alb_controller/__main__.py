"""`python -m alb_controller` is `alb-controller`."""

import sys

from alb_controller.cli import main

sys.exit(main())
