# One process, no shell needed, no root, nothing written. docs/adr/0021-start-up-cost.md says why it is
# made this way; tests/apiserver/image does these steps without a builder. Multi-arch:
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REPOSITORY:VERSION --push .

# On a read-only file system nothing can be compiled at start, and the official image comes without one
# compiled file. All that is compiled here is trusted without a look at its source.
FROM python:3.13.14-slim-trixie AS base
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -x '/(ensurepip|idlelib|pydoc_data|site-packages|tkinter|turtledemo)/' /usr/local/lib/python3.*

FROM base AS dependencies
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv --without-pip /opt/alb-controller \
 && pip --python /opt/alb-controller install --no-compile --only-binary=:all: --require-hashes \
    --requirement requirements.txt
# What is never read: the asyncio half of the Kubernetes client, 42 MB; botocore's descriptions of
# services that are never called, 26 of 28 MB
RUN cd /opt/alb-controller/lib/python3.*/site-packages \
 && rm -r kubernetes/aio \
 && find botocore/data -mindepth 1 -maxdepth 1 -type d \
    ! -name acm ! -name ec2 ! -name elbv2 ! -name resourcegroupstaggingapi ! -name route53 \
    ! -name shield ! -name sso ! -name sso-oidc ! -name sts ! -name waf-regional ! -name wafv2 \
    -exec rm -r {} +
# The models of the Kubernetes client are never imported (docs/adr/0010-kubernetes-client-import.md)
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -x 'kubernetes/(client/(models|api)|dynamic|test)/' /opt/alb-controller/lib

FROM dependencies AS build
COPY pyproject.toml README.md LICENSE ./
COPY alb_controller alb_controller
# alb_controller/crds is a link to it
COPY charts/alb-controller/crds charts/alb-controller/crds
RUN pip --python /opt/alb-controller install --no-compile --no-deps --prefix /app . \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash -s /app -p /opt/alb-controller /app

# Two layers, so that an upgrade of the controller is a pull of its own files alone
FROM base
COPY --from=dependencies /opt/alb-controller /opt/alb-controller
COPY --from=build /app /opt/alb-controller
LABEL org.opencontainers.image.title="alb-controller" \
      org.opencontainers.image.description="Application Load Balancers for the Ingresses of an EKS cluster" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
ENV PATH=/opt/alb-controller/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /
USER 65532:65532
ENTRYPOINT ["alb-controller"]
CMD ["run"]
