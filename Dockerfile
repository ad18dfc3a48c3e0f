# The action's image. Builds with BuildKit and with the legacy builder; `--target slim` leaves
# the agent server out, for those whose jobs run on servers of their own.
#
# The digest is that of the index for all platforms; docs/releasing.md says how it is renewed.
ARG BASE_IMAGE=python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285

FROM ${BASE_IMAGE} AS builder
ENV UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never
RUN apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends binutils
COPY locks/build.txt /locks/
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --quiet --require-hashes --requirement /locks/build.txt
ENV PATH=/opt/build/bin:$PATH

# What is removed again below is read by nothing here. docs/container.md has the sizes.
FROM builder AS tool
COPY locks/tool.txt /locks/
RUN uv venv --quiet --python python3 /opt/tool \
    && uv pip install --quiet --python /opt/tool \
        --no-deps --no-build --require-hashes --requirement /locks/tool.txt \
    && cd /opt/tool/lib/python3.*/site-packages \
    && rm -r tests && find libcst -name tests -type d -prune -exec rm -r {} + \
    && find . -name '*.so' -exec strip --strip-unneeded {} +
COPY pyproject.toml README.md LICENSE /source/
COPY locks/agent-server.txt /source/locks/
COPY src /source/src
RUN cd /source && hatchling build --target wheel --directory /wheel \
    && uv pip install --quiet --python /opt/tool --no-deps --compile-bytecode /wheel/*.whl
# Compiled by use: most modules of what is installed are never loaded.
RUN /opt/tool/bin/python -c "import pytest, spec_to_production.action, spec_to_production.console"

FROM builder AS agent-server
COPY locks/agent-server.txt /locks/
# The web page and the documentation of LiteLLM's proxy, its second implementation, which it does
# without, and AWS services that are no models.
RUN uv venv --quiet --python python3 /opt/agent-server \
    && uv pip install --quiet --python /opt/agent-server \
        --no-deps --no-build --require-hashes --requirement /locks/agent-server.txt \
    && cd /opt/agent-server/lib/python3.*/site-packages \
    && rm -r litellm/rust_bridge/_native.abi3.so \
        litellm/proxy/_experimental/out litellm/proxy/swagger litellm/proxy/_lazy_openapi_snapshot.json \
    && find botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name 'bedrock*' ! -name 'sagemaker-runtime' ! -name 'sso*' ! -name 'sts' -exec rm -r {} + \
    && find . -name '*.so' -exec strip --strip-unneeded {} +
RUN LITELLM_LOCAL_MODEL_COST_MAP=True OH_SECRET_KEY=build /opt/agent-server/bin/python -c \
    "import coverage, pytest, openhands.agent_server.api, openhands.tools.file_editor, openhands.tools.terminal"

FROM ${BASE_IMAGE} AS runtime
LABEL org.opencontainers.image.title="spec-to-production" \
      org.opencontainers.image.description="From a spec to tests that are shown to be real" \
      org.opencontainers.image.licenses="MIT"
ARG BASE_IMAGE
LABEL org.opencontainers.image.base.name="${BASE_IMAGE}"
# Perl weighs more than git and serves its mail commands alone. Of git's own programs those go that
# serve repositories to others or send mail, and a copy of git itself.
RUN apt-get update --quiet \
    && apt-get install --quiet --yes --no-install-recommends git tmux \
    && dpkg --purge --force-depends \
        $(dpkg-query --show --showformat '${Package} ' perl 'perl-modules-*' 'libperl5*' liberror-perl git-man) \
    && cd /usr/lib/git-core \
    && rm git-daemon git-http-backend git-http-fetch git-http-push git-imap-send git-shell scalar \
    && ln --symbolic --force /usr/bin/git git \
    && rm -rf /usr/bin/git-shell /usr/bin/scalar /usr/share/gitweb /var/cache/debconf \
        /var/lib/dpkg/*-old /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log
# Exec form: a shell between the runner and the tool would keep signals to itself.
ENTRYPOINT ["/opt/tool/bin/python", "-I", "/action/entrypoint.py"]

FROM runtime AS slim
COPY --from=tool /opt/tool /opt/tool
COPY entrypoint.py /action/entrypoint.py

# The agent server changes least and weighs most: below the tool it is pulled once for many versions.
FROM runtime AS full
RUN groupadd --gid 10001 agent \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /bin/bash agent
COPY --from=agent-server /opt/agent-server /opt/agent-server
ENV SPEC_TO_PRODUCTION_AGENT_SERVER=/opt/agent-server
COPY --from=tool /opt/tool /opt/tool
COPY entrypoint.py /action/entrypoint.py
