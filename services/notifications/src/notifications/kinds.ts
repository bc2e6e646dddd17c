/** The kinds of a family's notifications. Each goes out as mail as well, unless the guardian mutes it. */
export const mailKinds = [
  'welcome',
  'confirmed',
  'waitlisted',
  'promoted',
  'offered',
  'offer_expired',
  'payment_failed',
  'payment_delayed',
  'cancelled',
  'class_canceled',
  'class_changed',
] as const;
export type MailKind = (typeof mailKinds)[number];

/** The kinds of the coordinators' notifications. Each goes out as mail to the coordinators who have switched it on. */
export const coordinatorKinds = ['family_registered', 'flagged', 'double_booked', 'class_canceled'] as const;
export type CoordinatorKind = (typeof coordinatorKinds)[number];

export type Kind = MailKind | CoordinatorKind;
