import type { Difference, Evidence } from '../evidence/evidence.ts';
import { verifyChanges } from './changes.ts';
import { verifyHistories } from './histories.ts';
import { verifyMails } from './mails.ts';
import { verifyPayments } from './payments.ts';
import { verifySeats } from './seats.ts';
import { verifyWishes } from './wishes.ts';

const verifyTraffic = ({ traffic: { rateLimited } }: Evidence): Difference[] =>
  rateLimited.map((request) => `rate limited at a normal pace: ${request}`);

export const promises: readonly { readonly promise: string; readonly verify: (evidence: Evidence) => Difference[] }[] =
  [
    { promise: 'no class is oversold, counts and rosters are right', verify: verifySeats },
    { promise: 'every wish is enrolled, waitlisted or refused with a true reason', verify: verifyWishes },
    { promise: 'read models match the events', verify: verifyHistories },
    {
      promise: 'one welcome and one mail per outcome, with an .ics; inboxes and live streams match the mails',
      verify: verifyMails,
    },
    { promise: 'one charge per paid seat, refunds for canceled seats', verify: verifyPayments },
    { promise: 'families of a canceled and of a moved class are notified', verify: verifyChanges },
    { promise: 'no client was rate limited', verify: verifyTraffic },
  ];
