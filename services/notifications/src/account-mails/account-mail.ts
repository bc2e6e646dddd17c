import { accountToken, type DomainEvent, type EventType } from '@homeroom/contracts';
import type { MailSettings } from '../deliveries/mail.ts';
import { formatOf } from '../wording/format.ts';

export type AccountEvent = DomainEvent<
  Exclude<Extract<EventType, `homeroom.account.${string}`>, 'homeroom.account.coordinator-saved.v1'>
>;

interface Link {
  /** What the token of the link is derived from; worth nothing without the secret. */
  readonly tokenId: string;
  readonly expiresAt: string;
}

/** What a mail says, by its kind: ids, counts, and times only. No text that a person typed may get into one. */
export type AccountMailContent =
  | ({ readonly kind: 'verification' | 'password_reset' } & Link)
  | { readonly kind: 'password_changed' }
  | { readonly kind: 'sign_in_attacked'; readonly failures: number; readonly withinMinutes: number };

export function contentOf(event: AccountEvent): AccountMailContent {
  switch (event.type) {
    case 'homeroom.account.verification-requested.v1':
      return { kind: 'verification', tokenId: event.data.tokenId, expiresAt: event.data.expiresAt };
    case 'homeroom.account.password-reset-requested.v1':
      return { kind: 'password_reset', tokenId: event.data.tokenId, expiresAt: event.data.expiresAt };
    case 'homeroom.account.password-changed.v1':
      return { kind: 'password_changed' };
    case 'homeroom.account.sign-in-attacked.v1': {
      const { failures, withinMinutes } = event.data;
      return { kind: 'sign_in_attacked', failures, withinMinutes };
    }
  }
}

interface AccountMailSettings extends Pick<MailSettings, 'coopName' | 'timeZone' | 'locale' | 'origin'> {
  readonly tokenSecret: string;
}

export function accountMailWords(
  content: AccountMailContent,
  { coopName, timeZone, locale, origin, tokenSecret }: AccountMailSettings,
): { readonly subject: string; readonly body: string } {
  const link = (page: 'verify' | 'reset', { tokenId, expiresAt }: Link): string =>
    // the fragment stays in the browser: no server ever logs the token
    `${origin}/account/${page}#${accountToken(tokenId, tokenSecret)}\n\nThe link works once, until ${formatOf(locale).instant(expiresAt, timeZone)}.`;
  switch (content.kind) {
    case 'verification':
      return {
        subject: `Confirm your email address for ${coopName}`,
        body: `This email address was used to register at ${coopName}. To confirm that it is yours, open this link:\n\n${link('verify', content)}\n\nIf you did not register, ignore this message: without the confirmation, we send nothing else to this address.`,
      };
    case 'password_reset':
      return {
        subject: `Reset your password for ${coopName}`,
        body: `A new password was requested for your account at ${coopName}. To choose one, open this link:\n\n${link('reset', content)}\n\nIf you did not request it, ignore this message: your password stays as it is.`,
      };
    case 'password_changed':
      return {
        subject: `Your password for ${coopName} was changed`,
        body: `The password of your account at ${coopName} was changed, and all other devices were signed out.\n\nIf it was not you, request a password reset at ${origin} now, and choose a password that you use nowhere else. Then notify a coordinator.`,
      };
    case 'sign_in_attacked':
      return {
        subject: `Many failed sign-ins to your account at ${coopName}`,
        body: `In the last ${content.withinMinutes} minutes, ${content.failures} sign-ins to your account at ${coopName} failed because of a wrong password. Further attempts are slowed down, and your password has not changed.\n\nIf your password is short, or you use it elsewhere, change it at ${origin} now. If the attempts were yours and you do not remember your password, request a password reset there.`,
      };
  }
}
