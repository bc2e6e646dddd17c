import { defineErrors } from '@homeroom/chassis';

export const errors = defineErrors({
  class_not_found: { status: 404, title: 'There is no such class' },
  child_not_found: { status: 404, title: 'There is no such child' },
  enrollment_not_found: { status: 404, title: 'There is no such enrollment' },
  import_not_found: { status: 404, title: 'There is no such import, or it ended more than a week ago' },
  family_not_ready: {
    status: 409,
    title: 'The registration has not arrived yet; try again in a moment',
    retryAfterSeconds: 1,
  },
  already_enrolled: { status: 409, title: 'The child already has a seat or a waitlist place in this class' },
  class_closed: { status: 409, title: 'The class is closed to new enrollments' },
  class_canceled: { status: 409, title: 'The class is canceled' },
  class_ended: { status: 409, title: 'The last day of the class has passed' },
  schedule_conflict: { status: 409, title: 'The child has another class at this time' },
  not_offered: { status: 409, title: 'No seat is offered to this enrollment' },
  offer_expired: { status: 409, title: 'The offer has expired; the seat goes to the next family' },
  age_out_of_range: { status: 422, title: 'The child is too young or too old for this class' },
  double_booked: { status: 409, title: 'The room or the teacher has another class at this time' },
  class_exists: {
    status: 409,
    title: 'A class with this title, teacher, day, and time already exists; change that one, or choose another title',
  },
  capacity_below_taken: { status: 409, title: 'The capacity is below the number of seats taken' },
  currency_in_use: { status: 409, title: 'The currency of a class with enrollments or charges cannot change' },
  unreadable_csv: {
    status: 422,
    title: 'The file could not be read as a timetable; save the spreadsheet as CSV and try again',
  },
  too_many_imports: {
    status: 429,
    title: 'Too many files are being imported; try again in a minute',
    retryAfterSeconds: 30,
  },
  import_failed: { status: 500, title: 'The file could not be imported; send it again later' },
  signature_invalid: { status: 401, title: 'The message is not signed by the payment provider' },
  seats_contended: { status: 503, title: 'Too many requests for this seat at once', retryAfterSeconds: 1 },
});
