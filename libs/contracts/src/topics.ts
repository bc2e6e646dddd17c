/** The streams of Homeroom. A topic carries one kind of aggregate, keyed by its id, so that order holds per aggregate. */
export const topics = {
  account: 'homeroom.account.v1',
  coop: 'homeroom.coop.v1',
  family: 'homeroom.family.v1',
  class: 'homeroom.class.v1',
  enrollment: 'homeroom.enrollment.v1',
  notification: 'homeroom.notification.v1',
} as const;

const compacted: ReadonlySet<string> = new Set([topics.coop]);

/** Whether the broker keeps the last message of each key forever instead of all messages for some days. */
export const isCompacted = (topic: string): boolean => compacted.has(topic);

export type Topic = (typeof topics)[keyof typeof topics];

/** Where messages of `topic` go that no retry can help. */
export const deadLetterTopic = (topic: string): string => `${topic}.dlq`;
