// Serves docs/backend-openapi.yaml, which `npm run docs` prints from the routes themselves.
import {readFile} from 'node:fs/promises';
import {z} from 'zod';
import {openRoute, type RouteDeps} from './route.ts';

const FILE = new URL('../../docs/backend-openapi.yaml', import.meta.url);

export function mountOpenApi(deps: RouteDeps): void {
  let text: Promise<string> | undefined;
  openRoute(
    deps,
    {
      method: 'get',
      path: '/v1/openapi.yaml',
      summary: 'This document.',
      answer: z.string(),
      answerType: 'application/yaml',
    },
    async () => {
      text ??= readFile(FILE, 'utf8');
      return new Response(await text, {headers: {'content-type': 'application/yaml'}});
    },
  );
}
