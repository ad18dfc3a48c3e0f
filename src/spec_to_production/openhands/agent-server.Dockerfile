# The agent server for machines that have a Docker engine and no Python that is new enough.
FROM python:3.13-slim-trixie
RUN apt-get update --quiet \
    && apt-get install --yes --quiet --no-install-recommends git tmux \
    && rm -rf /var/lib/apt/lists/*
COPY agent-server.txt /opt/
RUN python -m venv /opt/agent-server \
    && /opt/agent-server/bin/pip install --quiet --no-cache-dir \
        --no-deps --require-hashes -r /opt/agent-server.txt
