import { cursorParameter, id, limitParameter } from '@homeroom/chassis';
import { z } from 'zod';
import type { Notification } from './store.ts';

export const listQuery = z.strictObject({
  unread: z.enum(['true', 'false']).default('false'),
  limit: limitParameter,
  cursor: cursorParameter,
});

/** The sort key of the last row of a page, and whose list it was. */
export const listCursor = z.strictObject({ audience: z.string(), position: z.int().positive() });

export const notificationParams = z.strictObject({ id });

export const readAllBody = z.strictObject({ upTo: id.describe('the newest notification that you have seen') });

export const readAllResult = z.object({ unreadCount: z.int().nonnegative() });

export const notificationItem = z.object({
  id: z.uuid(),
  kind: z.string(),
  subject: z.string(),
  body: z.string(),
  createdAt: z.iso.datetime(),
  readAt: z.iso.datetime().optional(),
  data: z.record(z.string(), z.unknown()),
});

export const notificationList = z.object({
  items: z.array(notificationItem),
  unreadCount: z.int().nonnegative(),
  nextCursor: z.string().optional(),
});

export const present = ({
  id,
  kind,
  subject,
  body,
  createdAt,
  readAt,
  data,
}: Notification): z.infer<typeof notificationItem> => ({
  id,
  kind,
  subject,
  body,
  createdAt: createdAt.toISOString(),
  ...(readAt === null ? {} : { readAt: readAt.toISOString() }),
  data: { ...data },
});
