# One process, no shell needed, no root, nothing written. Multi-arch:
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REPOSITORY:VERSION --push .
# docs/adr/0021-start-up-cost.md says why it is made this way.

FROM python:3.13.9-slim-trixie AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY alb_controller alb_controller
# alb_controller/crds is a link to it
COPY charts/alb-controller/crds charts/alb-controller/crds
RUN python -m venv /opt/alb-controller \
 && /opt/alb-controller/bin/pip install --no-cache-dir --no-compile . \
 && /opt/alb-controller/bin/pip uninstall --yes --quiet pip
# botocore's descriptions of services that are never called: 26 of 28 MB
RUN cd /opt/alb-controller/lib/python3.13/site-packages/botocore/data \
 && find . -mindepth 1 -maxdepth 1 -type d \
    ! -name acm ! -name ec2 ! -name elbv2 ! -name resourcegroupstaggingapi ! -name route53 \
    ! -name shield ! -name sso ! -name sso-oidc ! -name sts ! -name waf-regional ! -name wafv2 \
    -exec rm -r {} +
# Nothing can be compiled at start, on a read-only file system; the models of the Kubernetes client are
# never imported (docs/adr/0010-kubernetes-client-import.md)
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -x 'kubernetes/(client/(models|api)|dynamic|test)/' /opt/alb-controller/lib

FROM python:3.13.9-slim-trixie
COPY --from=build /opt/alb-controller /opt/alb-controller
ENV PATH=/opt/alb-controller/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /
USER 65532:65532
ENTRYPOINT ["alb-controller"]
CMD ["run"]
