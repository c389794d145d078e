// The app that the HTTP suites ask: one path for each thing a transport must carry.

import type {FetchHttp} from '#server/live/socket.ts';
import {Watched} from './watch.ts';

/** What the app saw of requests that test the way there, and what became of its endless answer. */
export class AppLog extends Watched {
  slow = 0;
  cancelled = 0;
  bodiesBegun = 0;
  bodiesBroken = 0;
}

const CHUNK = new Uint8Array(64 * 1024).fill(7);

export function makeApp(log: AppLog): FetchHttp {
  return async (request, remoteAddress) => {
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/told':
        return Response.json({
          method: request.method,
          query: url.search,
          header: request.headers.get('x-test'),
          remoteAddress,
        });
      case '/echo':
        return Response.json(await request.json(), {status: 201});
      case '/size':
      case '/large/size':
        return Response.json({size: (await request.arrayBuffer()).byteLength});
      case '/unread':
        return new Response('no', {status: 401});
      case '/broken':
        log.bodiesBegun++;
        log.changed();
        await request.arrayBuffer().catch(() => {
          log.bodiesBroken++;
          log.changed();
        });
        return new Response();
      case '/cookies':
        return new Response('x', {
          headers: [
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
          ],
        });
      case '/kept':
        return new Response('x', {headers: {'cache-control': 'max-age=60'}});
      case '/empty':
        return new Response(null, {status: 204});
      case '/throws':
        throw new Error('secret detail');
      case '/slow':
        log.slow++;
        log.changed();
        await log.until(() => log.slow === 0);
        return new Response('late');
      case '/endless':
        return new Response(endless(log));
      case '/large':
        return new Response(new Uint8Array(8 * 1024 * 1024).fill(5));
      default:
        return Response.json({code: 'not_found'}, {status: 404});
    }
  };
}

const endless = (log: AppLog): ReadableStream<Uint8Array> =>
  new ReadableStream({
    pull: (controller) => controller.enqueue(CHUNK),
    cancel: () => {
      log.cancelled++;
      log.changed();
    },
  });
