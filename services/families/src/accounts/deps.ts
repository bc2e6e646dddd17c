import type { Database } from '@homeroom/postgres';
import type { SessionStore } from '@homeroom/sessions';
import type { MailLimit } from '../credentials/mail-limit.ts';
import type { Passwords } from '../credentials/passwords.ts';
import type { DeviceCookies } from './device-cookie.ts';
import type { SignInLimit } from './sign-in-limit.ts';
import type { SignInSlowdown } from './sign-in-slowdown.ts';

/** What routes and use-cases of accounts work with; each takes its part. */
export interface AccountDeps {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly sessions: SessionStore;
  readonly signInLimit: SignInLimit;
  readonly signInSlowdown: SignInSlowdown;
  readonly deviceCookies: DeviceCookies;
  /** Counts and logs that the password of an account is being guessed. @param account stands for its address. */
  readonly onSignInAttack: (account: string, failures: number) => void;
  readonly mailLimit: MailLimit;
  readonly accountTokenSecret: string;
}
