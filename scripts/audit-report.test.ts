import {expect, test} from 'vitest';
import {judgeAudit} from './audit-report.ts';

const url = 'https://github.com/advisories/GHSA-0000-0000-0000';
const today = '2026-03-01';
const reportOf = (severity: string): string =>
  JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: {
      deep: {severity, via: [{source: 1, title: 'reads past its end', url, severity}]},
      shallow: {severity, via: ['deep']},
    },
  });

test.each(['high', 'critical'])('a %s advisory stops, and is named once', (severity) => {
  expect(judgeAudit(reportOf(severity), {accepted: {}, today})).toEqual({
    kind: 'vulnerable',
    findings: [`${severity}: deep: reads past its end (${url})`],
  });
});

test.each(['info', 'low', 'moderate'])('a %s one is told, and does not stop', (severity) => {
  expect(judgeAudit(reportOf(severity), {accepted: {}, today})).toMatchObject({
    kind: 'clean',
    lesser: [expect.stringContaining('deep')],
  });
});

test.each([
  {until: '2026-03-01', kind: 'clean'},
  {until: '2026-02-28', kind: 'vulnerable'},
])('an advisory accepted until $until is $kind that day', ({until, kind}) => {
  const accepted = {[url]: {reason: 'the function is not called', until}};
  expect(judgeAudit(reportOf('critical'), {accepted, today}).kind).toBe(kind);
});

test('no advisory is clean', () => {
  const printed = JSON.stringify({auditReportVersion: 2, vulnerabilities: {}});
  expect(judgeAudit(printed, {accepted: {}, today})).toEqual({kind: 'clean', lesser: []});
});

test.each([
  [
    'an endpoint that refuses',
    '{"message": "405 Method Not Allowed", "statusCode": 405}',
    '405 Method Not Allowed',
  ],
  ['no network', '{"error": {"code": "ENOTFOUND", "summary": "request failed"}}', 'request failed'],
  ['nothing', '', 'npm printed no report'],
  ['a report of another form', '{"auditReportVersion": 3}', 'npm printed no report'],
])('%s is never taken for a clean report', (_, printed, why) => {
  expect(judgeAudit(printed, {accepted: {}, today})).toEqual({kind: 'not-asked', why});
});
