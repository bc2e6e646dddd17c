import { defineErrors } from '@homeroom/chassis';

/** Every code that this service adds to the chassis' own. The README has the same table. */
export const errors = defineErrors({
  wrong_credentials: { status: 401, title: 'Wrong email or password' },
  wrong_password: { status: 403, title: 'The current password is wrong' },
  family_not_found: { status: 404, title: 'There is no such family' },
  coop_not_found: { status: 404, title: 'There is no such co-op' },
  child_not_found: { status: 404, title: 'There is no such child in this family' },
  guardian_not_found: { status: 404, title: 'There is no such guardian in this family' },
  import_not_found: { status: 404, title: 'There is no such import, or it ended more than a week ago' },
  email_taken: { status: 409, title: 'An account with this email already exists; sign in, or reset its password' },
  already_verified: { status: 409, title: 'The email address is already verified' },
  child_exists: { status: 409, title: 'The family already has a child with this name and birth date' },
  too_many_children: { status: 409, title: 'A family can have at most 20 children' },
  coops_limit: { status: 409, title: 'This installation cannot have another co-op' },
  slug_taken: { status: 409, title: 'Another co-op has this slug' },
  host_taken: { status: 409, title: 'Another co-op has this host' },
  currency_fixed: { status: 409, title: 'The currency of a co-op cannot change' },
  coop_closed: { status: 409, title: 'The co-op is closed' },
  unreadable_csv: {
    status: 422,
    title: 'The file could not be read as a roster; save the spreadsheet as CSV and try again',
  },
  token_invalid: { status: 422, title: 'The link is invalid, has expired, or was already used; ask for a new one' },
  too_many_attempts: { status: 429, title: 'Too many failed sign-ins; wait before you try again' },
  too_many_imports: {
    status: 429,
    title: 'Too many files are being imported; try again in a minute',
    retryAfterSeconds: 30,
  },
  too_many_mails: { status: 429, title: 'Too many mails were requested for this address; wait before you ask again' },
  import_failed: { status: 500, title: 'The file could not be imported; send it again later' },
  passwords_busy: { status: 503, title: 'Too many passwords are being checked', retryAfterSeconds: 1 },
});
