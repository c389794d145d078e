// docs/backend-api-contract.md keeps its word: its requests are sent as they stand, section by section, and answered with
// what it says. Answers there are shortened, so they say part of what is answered.
import {readFileSync} from 'node:fs';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {openDoor, type Door} from '#test/contract/door.ts';
import {readSections, type Message} from '#test/contract/http-blocks.ts';
import {toActual, toDocumented} from '#test/contract/normal-form.ts';
import {setStage, type Stage} from '#test/contract/stage.ts';
import {createWorld, type World} from '#test/support/world.ts';

const sections = readSections(readFileSync('docs/backend-api-contract.md', 'utf8'));

let world: World;
let door: Door;
beforeAll(async () => {
  world = await createWorld();
  door = openDoor(world);
});
afterAll(() => world.close());

async function tokensOf(stage: Stage): Promise<Record<string, string>> {
  const {maria, ben, dana, chris} = stage;
  const {token} = await door.callerOf(stage, 'expired');
  return {
    $MARIA: maria.token,
    $BEN: ben.token,
    $DANA: dana.token,
    $CHRIS: chris.token,
    $EXPIRED: token ?? '',
  };
}

async function send({start, headers, body}: Message, stage: Stage): Promise<Response> {
  const [method = '', path = ''] = toActual(start, stage).split(' ');
  const tokens = await tokensOf(stage);
  const own = Object.entries(toActual(headers, stage)).map(([name, value]) => [
    name,
    value.replace(/\$[A-Z]+/, (token) => tokens[token] ?? token),
  ]);
  const text = body === undefined ? {} : {body: JSON.stringify(toActual(body, stage))};
  const request = new Request(`http://test${path}`, {
    method,
    headers: Object.fromEntries(own) as Record<string, string>,
    ...text,
  });
  return door.app.fetch(request, '192.0.2.7');
}

test.each(sections.filter(({exchanges}) => exchanges.length > 0))('$title', async ({exchanges}) => {
  const stage = await setStage(world);
  for (const {request, answer} of exchanges) {
    const response = await send(request, stage);
    const text = await response.text();
    expect(`HTTP/1.1 ${response.status}`, `${request.start}: ${text}`).toBe(answer.start);
    for (const [name, value] of Object.entries(answer.headers))
      expect(response.headers.get(name), name).toBe(value);
    if (answer.body === undefined) continue;
    const told = toDocumented(JSON.parse(text), stage);
    expect(told, request.start).toMatchObject(answer.body as object);
  }
});

test('every endpoint of the interface is named on the page', () => {
  const page = readFileSync('docs/backend-api-contract.md', 'utf8');
  const {paths} = door.app.describe() as {paths: Record<string, object>};
  const isNamed = (path: string): boolean =>
    page.includes(path) ||
    /^\/v1\/(clients|employees|teams|service-types|tasks|finance-entries)\b/.test(path);
  expect(Object.keys(paths).filter((path) => !isNamed(path))).toEqual([]);
});
