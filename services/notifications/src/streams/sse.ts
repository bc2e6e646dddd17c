import { firstCoopId } from '@homeroom/contracts';
import { present } from '../notifications/schemas.ts';
import type { Notification } from '../notifications/store.ts';

/** An event of a `text/event-stream`. Data is JSON, so that no text of a family's can end a line. */
export const sseEvent = (
  event: string,
  data: object,
  { id, retryMs }: { id?: string | undefined; retryMs?: number } = {},
): string =>
  [
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...(retryMs === undefined ? [] : [`retry: ${Math.round(retryMs)}`]),
    `event: ${event}`,
    `data: ${JSON.stringify(data)}`,
    '\n',
  ].join('\n');

export const notificationFrame = (notification: Notification): string =>
  sseEvent('notification', present(notification), { id: notification.id });

/** The event id of an empty inbox. */
export const nothingYet = 'none';

/** What a stream shows, and an announcement is for. */
export interface Inbox {
  readonly coopId: string;
  readonly audience: string;
}

export const isSameInbox = (one: Inbox, other: Inbox): boolean =>
  one.coopId === other.coopId && one.audience === other.audience;

export interface Announcement extends Inbox {
  readonly position: number;
  /** Rendered once, by the worker: processes pass it on as it is. */
  readonly frame: string;
}

export const writeAnnouncement = ({ coopId, audience, position, frame }: Announcement): string =>
  `${coopId} ${audience} ${position}\n${frame}`;

/** @returns undefined for a text that this version does not understand. */
export function readAnnouncement(text: string): Announcement | undefined {
  const end = text.indexOf('\n');
  // workers of version 0.2 name no co-op
  const head = /^(?:(?<coopId>[\da-f-]{36}) )?(?<audience>\S+) (?<position>\d{1,15})$/.exec(text.slice(0, end))?.groups;
  if (end < 0 || head?.['audience'] === undefined) return undefined;
  const { coopId = firstCoopId, audience } = head;
  return { coopId, audience, position: Number(head['position']), frame: text.slice(end + 1) };
}

export const announcementChannel = (prefix: string): string => `${prefix}homeroom.notifications`;
