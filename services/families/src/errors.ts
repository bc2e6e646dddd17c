import { defineErrors } from '@homeroom/chassis';

/** Every code that this service adds to the chassis' own. The README has the same table. */
export const errors = defineErrors({
  wrong_credentials: { status: 401, title: 'Email or password is wrong' },
  wrong_password: { status: 403, title: 'The current password is wrong' },
  family_not_found: { status: 404, title: 'There is no such family' },
  child_not_found: { status: 404, title: 'There is no such child in this family' },
  guardian_not_found: { status: 404, title: 'There is no such guardian in this family' },
  email_taken: { status: 409, title: 'An account with this email exists' },
  already_verified: { status: 409, title: 'The email address is verified already' },
  child_exists: { status: 409, title: 'The family already has a child with this name and birth date' },
  too_many_children: { status: 409, title: 'The family has as many children as a family can have here' },
  unreadable_csv: { status: 422, title: 'The file is not a roster in CSV' },
  token_invalid: { status: 422, title: 'The link is invalid, has expired, or was used already' },
  too_many_attempts: { status: 429, title: 'Too many failed sign-ins' },
  too_many_mails: { status: 429, title: 'Too many mails were requested for this address' },
  passwords_busy: { status: 503, title: 'Too many passwords to check at this moment', retryAfterSeconds: 1 },
});
