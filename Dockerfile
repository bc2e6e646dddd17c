# One image per service: docker build --build-arg SERVICE=families -t homeroom/families .
# `npm run images` builds all of them. tools/images/README.md describes it, and builds behind a proxy with its own certificates.
# No BuildKit-only syntax: the classic builder makes the same image.
ARG NODE_IMAGE=node:24-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot

# Only what npm reads, so that a source edit keeps the layer of packages cached
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY . .
RUN find . -type f ! -name package.json ! -path ./package-lock.json ! -path ./.npmrc -delete \
  && find . -type d -empty -delete

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY tools/images/certificates/ /certificates/
COPY --from=manifests /app ./
ARG NPM_REGISTRY
RUN cat /certificates/*.pem > /certificates/all 2>/dev/null; \
  if [ -s /certificates/all ]; then export NODE_EXTRA_CA_CERTS=/certificates/all; fi; \
  npm ci --ignore-scripts --no-fund --no-audit ${NPM_REGISTRY:+--registry="$NPM_REGISTRY"}

# The libs, compiled once for all images
FROM packages AS libs
COPY tsconfig.base.json ./
COPY tools/images/src/assemble/ tools/images/src/assemble/
COPY libs/ libs/
RUN node tools/images/src/assemble/compile.ts libs

FROM libs AS sources
COPY apps/ apps/
COPY services/ services/
COPY tools/images/ tools/images/

# The inner loop: runs the sources and restarts on save
FROM sources AS dev-files
ARG SERVICE
RUN node tools/images/src/assemble/assemble.ts "$SERVICE" /out --sources \
  && mkdir -p /inner-loop/node_modules \
  && cp tools/images/package.json tools/images/src/inner-loop/reload.ts /inner-loop/ \
  && cp -r node_modules/chokidar node_modules/readdirp /inner-loop/node_modules/

FROM ${NODE_IMAGE} AS dev
WORKDIR /app
COPY tools/images/dev-entrypoint.sh /usr/local/bin/dev-entrypoint
COPY --from=dev-files /inner-loop/ /usr/local/lib/inner-loop/
COPY --from=dev-files --chown=1000:1000 /out ./
# V8's code cache survives restarts: only the edited file is compiled again
ENV NODE_ENV=development HOST=0.0.0.0 NODE_COMPILE_CACHE=/var/tmp/compile-cache
USER 1000:1000
ENTRYPOINT ["dev-entrypoint"]

FROM sources AS files
ARG SERVICE
RUN node tools/images/src/assemble/compile.ts "$SERVICE" \
  && node tools/images/src/assemble/assemble.ts "$SERVICE" /out \
  && mkdir /spare && cp -L /lib/*-linux-gnu/librt.so.1 /spare/

# V8's code cache for every module, made by the Node that will read it
FROM ${RUNTIME_IMAGE} AS warm
WORKDIR /app
USER 0:0
COPY --from=files /out ./
COPY --from=files /spare /spare
COPY tools/images/src/assemble/warm.ts /warm.ts
RUN ["/nodejs/bin/node", "/warm.ts"]

FROM ${RUNTIME_IMAGE} AS service
ARG SERVICE
LABEL org.opencontainers.image.title="homeroom/${SERVICE}" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=warm /app ./
ENV NODE_ENV=production HOST=0.0.0.0 NODE_COMPILE_CACHE=/app/.compile-cache LD_LIBRARY_PATH=/app/native
# a number, so that Kubernetes can verify that it is not root
USER 65532:65532
CMD ["."]
