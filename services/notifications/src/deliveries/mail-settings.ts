import type { Directory } from '@homeroom/coops';
import { coopOrigin } from '../coops/coop-origin.ts';
import { knownCoop } from '../coops/known-coop.ts';
import type { MailSettings } from './mail.ts';

/** @throws {CoopNotKnownError} */
export type MailSettingsOf = (coopId: string) => MailSettings;

/** @param address that all mails come from; the name beside it is the co-op's. */
export const mailSettings =
  ({ coops, address, publicOrigin }: { coops: Directory; address: string; publicOrigin: string }): MailSettingsOf =>
  (coopId) => {
    const coop = knownCoop(coops, coopId);
    const { name, timeZone, locale } = coop;
    const origin = coopOrigin(coops, coop, publicOrigin);
    return { coopName: name, timeZone, locale, from: { name, address }, origin };
  };
