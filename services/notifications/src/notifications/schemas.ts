import { cursorParameter, id, limitParameter } from '@homeroom/chassis';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import type { Notification } from './store.ts';

/** The sort key of the last row of a page, and whose list it was. */
export const listCursor = z.strictObject({ audience: z.string(), position: z.int().positive() });

const unreadCount = z.int().nonnegative();

const notificationItem = z.object({
  id: z.uuid(),
  kind: z.string(),
  subject: z.string(),
  body: z.string(),
  createdAt: z.iso.datetime(),
  readAt: z.iso.datetime().optional(),
  data: z.record(z.string(), z.unknown()),
});

const tags = ['notifications'];

export const listOperation = {
  tags,
  summary: 'Your inbox, newest first',
  querystring: z.strictObject({
    unread: z.enum(['true', 'false']).default('false'),
    limit: limitParameter,
    cursor: cursorParameter,
  }),
  response: { 200: z.object({ items: z.array(notificationItem), unreadCount, nextCursor: z.string().optional() }) },
  problems: ['unauthenticated'],
} satisfies FastifySchema;

export const readOperation = {
  tags,
  summary: 'Mark as read; again changes nothing',
  params: z.strictObject({ id }),
  response: { 204: z.void().describe('Read') },
  problems: ['unauthenticated', 'notification_not_found'],
} satisfies FastifySchema;

export const readAllOperation = {
  tags,
  summary: 'Mark everything up to a notification as read; what came after it stays unread',
  body: z.strictObject({ upTo: id.describe('the newest notification that you have seen') }),
  response: { 200: z.object({ unreadCount }) },
  problems: ['unauthenticated', 'notification_not_found'],
} satisfies FastifySchema;

export const present = (notification: Notification): z.infer<typeof notificationItem> => ({
  id: notification.id,
  kind: notification.kind,
  subject: notification.subject,
  body: notification.body,
  createdAt: notification.createdAt.toISOString(),
  readAt: notification.readAt?.toISOString(),
  data: { ...notification.data },
});
