import {expect, test} from 'vitest';
import {isOriginRefused} from './origins.ts';

const allowedOrigins = ['https://app.example.com', 'capacitor://localhost'];

test.each([
  ['no page: an app or a server', undefined, 'api.example.com'],
  ['an allowed page', 'https://app.example.com', 'api.example.com'],
  ['an allowed app with a scheme of its own', 'capacitor://localhost', 'api.example.com'],
  ['a page of this server', 'https://api.example.com', 'api.example.com'],
  ['a page of this server, its port written out', 'https://api.example.com', 'API.example.com:443'],
])('%s may call', (_, origin, host) => {
  expect(isOriginRefused({origin, host}, {allowedOrigins, requireTls: true})).toBe(false);
});

test.each([
  ['a strange page', 'https://evil.example', 'api.example.com'],
  ['a page whose name begins alike', 'https://api.example.com.evil.example', 'api.example.com'],
  ['a page of another port', 'https://api.example.com:8443', 'api.example.com'],
  ['an allowed name by another scheme', 'http://app.example.com', 'api.example.com'],
  ['a page that hides where it is from', 'null', 'api.example.com'],
  ['a page, if the request names no host', 'https://api.example.com', undefined],
  ['a page of this server that came by http', 'http://api.example.com', 'api.example.com'],
])('%s may not', (_, origin, host) => {
  expect(isOriginRefused({origin, host}, {allowedOrigins, requireTls: true})).toBe(true);
});

test('without a proxy that ends TLS, a page of this server comes by http', () => {
  const caller = {origin: 'http://localhost:8787', host: 'localhost:8787'};
  expect(isOriginRefused(caller, {allowedOrigins: [], requireTls: false})).toBe(false);
});
