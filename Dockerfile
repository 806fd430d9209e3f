# One image for the worker and the emulator. glibc, because Temporal's native module has no build for musl.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
# Before the sources, so that a change of the sources does not install everything again.
COPY package.json package-lock.json .npmrc ./
COPY packages/client/package.json packages/client/
COPY packages/dev/package.json packages/dev/
RUN npm ci
COPY . .
# Builds the workflow bundle too: a bundle made at start would cost every start more than a second.
RUN npm run build && npm prune --omit=dev

FROM node:24.21.0-bookworm-slim
# Temporal's native module reads the system's certificates for TLS; the slim image has none.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
# A volume mounted at /data takes over this owner.
RUN mkdir -p /data/manifests /data/reports && chown -R node:node /data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
CMD ["node", "dist/worker.js"]
