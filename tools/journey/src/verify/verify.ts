import type { Difference, Evidence } from '../evidence.ts';
import { verifyHistories } from './histories.ts';
import { verifyMails } from './mails.ts';
import { verifyPayments } from './payments.ts';
import { verifySeats } from './seats.ts';
import { verifyWishes } from './wishes.ts';

const verifyTraffic = ({ traffic: { rateLimited } }: Evidence): Difference[] =>
  rateLimited.map((request) => `limited although nobody hurried: ${request}`);

export const promises: readonly { readonly promise: string; readonly verify: (evidence: Evidence) => Difference[] }[] =
  [
    { promise: 'no class is oversold, counts and rosters are true', verify: verifySeats },
    { promise: 'every wish is enrolled, waitlisted or refused with a true reason', verify: verifyWishes },
    { promise: 'read models equal the events', verify: verifyHistories },
    {
      promise: 'one welcome and one mail per outcome, with an .ics; inboxes and live streams equal mails',
      verify: verifyMails,
    },
    { promise: 'one charge per paid seat, refunds for what was given back', verify: verifyPayments },
    { promise: 'no client was rate limited', verify: verifyTraffic },
  ];
