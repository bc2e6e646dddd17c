import { defineErrors } from '@homeroom/chassis';

/** Every error of this service beside the chassis' own. A test compares README.md's table with it. */
export const errors = defineErrors({
  notification_not_found: { status: 404, title: 'No such notification in your inbox' },
  calendar_not_found: { status: 404, title: 'No such calendar' },
  dead_letter_not_found: { status: 404, title: 'No such dead letter' },
  dead_letter_replayed: { status: 409, title: 'This dead letter has been replayed already' },
  dead_letter_not_replayable: { status: 409, title: 'This dead letter cannot be published as an event' },
  too_many_streams: { status: 429, title: 'Too many streams are open for this account', retryAfterSeconds: 15 },
  streams_full: { status: 503, title: 'Too many streams are open on this process', retryAfterSeconds: 2 },
});
