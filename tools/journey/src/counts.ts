import { count, type Evidence } from './evidence/evidence.ts';
import { entryOf } from './evidence/expected.ts';
import type { Cast } from './families/cast.ts';
import type { Outage } from './outage.ts';

/** What happened, in numbers. */
export function countUp(
  cast: Cast,
  evidence: Evidence,
  outage: Pick<Outage, 'struck' | 'unanswered' | 'held'>,
): [string, string | number][] {
  const { families, mails, charges, refunds, traffic } = evidence;
  const outcomes = count(families.flatMap(({ wishes }) => wishes.map(({ outcome }) => outcome.kind)));
  const reasons = count(
    families.flatMap(({ wishes }) =>
      wishes.flatMap(({ outcome }) => (outcome.kind === 'refused' ? [outcome.code] : [])),
    ),
  );
  const statuses = count(families.flatMap(({ enrollments }) => enrollments.map(({ status }) => status)));
  const entries = count(
    families.flatMap(({ histories }) => [...histories.values()].flatMap((history) => history.map(entryOf))),
  );
  const kinds = count(mails.map(({ headers }) => headers['x-homeroom-kind'] ?? 'other'));
  const streams = families.flatMap(({ streamed }) => (streamed === undefined ? [] : [streamed]));
  const listed = (counts: Map<string, number>): string =>
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([name, number]) => `${number} ${name}`)
      .join(', ');
  return [
    ['families', families.length],
    ['children', cast.families.reduce((sum, { children }) => sum + children.length, 0)],
    ['classes', `${evidence.classes.length} with ${cast.seats} seats`],
    ['wishes', cast.wishCount],
    ['… granted a seat', outcomes.get('seat') ?? 0],
    ['… granted a waitlist place', outcomes.get('waitlist') ?? 0],
    ['… refused', `${outcomes.get('refused') ?? 0}${reasons.size === 0 ? '' : `: ${listed(reasons)}`}`],
    ['promoted from a waitlist', entries.get('promoted') ?? 0],
    ['… offered, because of a schedule conflict', entries.get('offered') ?? 0],
    ['enrollments at the end', listed(statuses)],
    ['seats held while payments were down', `${outage.held.size}, with ${outage.struck} calls refused`],
    ['charges without an answer', outage.unanswered],
    ['charges', charges.filter(({ status }) => status === 'succeeded').length],
    ['refunds', refunds.length],
    ['mails', `${mails.length}: ${listed(kinds)}`],
    ['inbox entries', families.reduce((sum, { inbox }) => sum + inbox.length, 0)],
    ['… received live by open pages', `${streams.reduce((sum, { size }) => sum + size, 0)} by ${streams.length} pages`],
    ['requests', `${traffic.requests}, ${traffic.repeated} repeated, ${traffic.rateLimited.length} rate limited`],
  ];
}
