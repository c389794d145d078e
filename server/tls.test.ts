import {expect, test} from 'vitest';
import {isRefusedAsPlain} from './tls.ts';

const requireTls = true;

test.each(['https', 'HTTPS', 'wss', 'https,https', 'https, https'])('%j came by TLS', (forwarded) => {
  expect(isRefusedAsPlain({path: '/v1/me', forwarded}, {requireTls})).toBe(false);
});

test.each(['http', 'ws', '', 'http,https', 'https, http', 'httpsx', 'https,'])('%j did not', (forwarded) => {
  expect(isRefusedAsPlain({path: '/v1/me', forwarded}, {requireTls})).toBe(true);
});

test('past the proxy only probes get an answer', () => {
  const asked = (path: string): boolean => isRefusedAsPlain({path, forwarded: undefined}, {requireTls});
  expect(['/healthz', '/readyz', '/metrics'].filter(asked)).toEqual([]);
  expect(['/v1/me', '/v1/sync/live', '/metrics/', '/'].filter((path) => !asked(path))).toEqual([]);
});

test('a probe that came through the proxy by http is refused like anything else', () => {
  expect(isRefusedAsPlain({path: '/readyz', forwarded: 'http'}, {requireTls})).toBe(true);
});

test('where no proxy is told of, nothing is asked', () => {
  expect(isRefusedAsPlain({path: '/v1/me', forwarded: 'http'}, {requireTls: false})).toBe(false);
});
