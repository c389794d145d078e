// What is watched exists: every alert and every panel names metrics and labels that a server has, every alert has a page
// that says what to do, and every page an alert.
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseYaml} from '@redocly/openapi-core';
import {expect, test} from 'vitest';
import {z} from 'zod';
import {listMetrics} from '../../scripts/docs/metrics-page.ts';

const RUNBOOKS = 'docs/runbooks';

const rule = z.strictObject({
  alert: z.string().regex(/^Fieldmerge[A-Z]\w+$/),
  expr: z.string(),
  for: z.string().regex(/^\d+[mh]$/),
  labels: z.strictObject({severity: z.enum(['page', 'ticket'])}),
  annotations: z.strictObject({summary: z.string().min(10), runbook: z.string()}),
});
const alertsFile = z.strictObject({
  groups: z.array(z.strictObject({name: z.string(), rules: z.array(rule).min(1)})),
});
const rules = alertsFile
  .parse(parseYaml(readFileSync('deploy/alerts.yaml', 'utf8')))
  .groups.flatMap((group) => group.rules);

const span = z.number().int().nonnegative();
const dashboard = z
  .object({
    uid: z.string(),
    schemaVersion: z.number().int().min(36),
    templating: z.object({list: z.array(z.object({name: z.string(), type: z.literal('datasource')}))}),
    panels: z.array(
      z.object({
        id: z.number().int().positive(),
        type: z.enum(['timeseries', 'stat']),
        title: z.string().min(1),
        gridPos: z.object({x: span, y: span, w: span, h: span}),
        fieldConfig: z.object({defaults: z.object({unit: z.string()})}),
        targets: z.array(z.object({refId: z.string(), expr: z.string().min(1)})).min(1),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync('deploy/grafana-dashboard.json', 'utf8')));

const declared = new Map(
  listMetrics().flatMap(({name, type, labelNames}) => {
    const suffixes =
      type === 'histogram' ? ['_bucket', '_sum', '_count'] : type === 'summary' ? ['_sum', '_count'] : [''];
    const labels = new Set([...labelNames, 'instance', 'job', ...(type === 'histogram' ? ['le'] : [])]);
    return suffixes.map((suffix) => [name + suffix, labels] as const);
  }),
).set('up', new Set(['instance', 'job']));

/** What an expression names and no server has. */
function listUnknown(expr: string): string[] {
  const names = [...expr.matchAll(/\b(up|(?:fieldmerge|nodejs|process)_\w+)\b/g)].map(([name]) => name);
  const labels = [
    ...[...expr.matchAll(/(\w+)\s*(?:=~|!=|!~|=)\s*"/g)].map(([, label = '']) => label),
    ...[...expr.matchAll(/by \(([^)]+)\)/g)].flatMap(([, list = '']) =>
      list.split(',').map((label) => label.trim()),
    ),
  ];
  if (names.length === 0) return ['names no metric'];
  const known = names.map((name) => declared.get(name));
  return [
    ...names.filter((name) => !declared.has(name)),
    ...labels.filter((label) => !known.some((own) => own?.has(label))),
  ];
}

test('an expression with a metric or label that no server has is found', () => {
  expect(listUnknown('rate(fieldmerge_ack_seconds[5m])')).toEqual(['fieldmerge_ack_seconds']);
  expect(listUnknown('sum by (tenant) (fieldmerge_sockets)')).toEqual(['tenant']);
  expect(listUnknown('fieldmerge_faults_total{sort="bug"}')).toEqual(['sort']);
});

test('every alert names what servers have, once', () => {
  expect(rules.map(({alert, expr}) => [alert, listUnknown(expr)])).toEqual(
    rules.map(({alert}) => [alert, []]),
  );
  expect(new Set(rules.map(({alert}) => alert)).size).toBe(rules.length);
});

test('every alert has a page that names it, and every page an alert', () => {
  for (const {alert, annotations} of rules) {
    expect([annotations.runbook, existsSync(annotations.runbook)]).toEqual([annotations.runbook, true]);
    const page = readFileSync(annotations.runbook, 'utf8');
    expect(page).toContain(`\`${alert}\``);
    for (const heading of ['What it means', 'How to look', 'What to do'])
      expect(page).toContain(`## ${heading}`);
  }
  const pages = readdirSync(RUNBOOKS).map((name) => join(RUNBOOKS, name));
  expect(rules.map(({annotations}) => annotations.runbook).toSorted()).toEqual(pages.toSorted());
});

test('every panel shows what servers have', () => {
  for (const {title, targets} of dashboard.panels)
    expect([title, targets.flatMap(({expr}) => listUnknown(expr))]).toEqual([title, []]);
});

test('panels have ids of their own and do not lie over each other', () => {
  const {panels} = dashboard;
  expect(new Set(panels.map(({id}) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({gridPos: {x, y, w, h}}) =>
    Array.from({length: w * h}, (_, index) => `${x + (index % w)}/${y + Math.trunc(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({gridPos: {x, w}}) => x + w <= 24)).toBe(true);
});

test('every metric of ours is on the dashboard or behind an alert, or is a detail that is named here', () => {
  const shown = [
    ...rules.map(({expr}) => expr),
    ...dashboard.panels.flatMap(({targets}) => targets.map(({expr}) => expr)),
  ].join(' ');
  const details = [
    'fieldmerge_refused_fields_total',
    'fieldmerge_node_messages_sent_total',
    'fieldmerge_node_messages_received_total',
    'fieldmerge_node_reconnects_total',
    'fieldmerge_followers',
    'fieldmerge_socket_ends_total',
    'fieldmerge_lane_tenants_waiting',
    'fieldmerge_cached_records',
  ];
  const ours = listMetrics()
    .map(({name}) => name)
    .filter((name) => name.startsWith('fieldmerge_'));
  expect(ours.filter((name) => !shown.includes(name)).toSorted()).toEqual(details.toSorted());
});

test('names and labels follow the conventions, and no label could name a tenant', () => {
  for (const {name, type, labelNames} of listMetrics().filter((one) => one.name.startsWith('fieldmerge_'))) {
    expect([name, type === 'counter']).toEqual([name, name.endsWith('_total')]);
    if (type === 'histogram') expect(name).toMatch(/_(seconds|changes)$/);
    for (const label of labelNames)
      expect([
        'code',
        'reason',
        'kind',
        'way',
        'channel',
        'outcome',
        'method',
        'route',
        'status',
        'protocol',
        'direction',
        'state',
      ]).toContain(label);
  }
});
