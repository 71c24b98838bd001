# Built in two stages: the second holds Python, the pinned packages and Firstline, and no build tools.
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv --without-pip /opt/firstline
COPY .ci/requirements.txt .ci/requirements-build.txt .ci/
RUN pip --python /opt/firstline/bin/python install --require-hashes --no-deps -r .ci/requirements.txt \
 && pip install --require-hashes --no-deps -r .ci/requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY prompts prompts
COPY graph graph
COPY bot bot
COPY evals evals
# Without isolation the build backend is the pinned one from above; nothing else is fetched.
RUN pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /wheels . \
 && pip --python /opt/firstline/bin/python install --no-deps --no-index /wheels/*.whl

FROM python:3.12-slim
# What `.firstline/` is elsewhere: the ledger when there is no Redis. Mount a volume here to keep it.
RUN install --directory --owner=10001 --group=10001 /data
COPY --from=build /opt/firstline /opt/firstline
# Your own folder, where there is one: the pattern matches `support` and may match nothing, which a name may not.
COPY LICENSE suppor[t] /srv/support/
ENV PATH=/opt/firstline/bin:$PATH PYTHONUNBUFFERED=1 BOT_DATA=/data
USER 10001:10001
WORKDIR /data
EXPOSE 8080
# No shell in between: the process itself hears SIGTERM, and has 40 seconds' worth of answers to finish.
CMD ["bot", "serve"]
