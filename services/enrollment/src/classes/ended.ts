const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether nothing more is charged for a class: it has ended, or it is canceled. */
export const isOver = (about: { lastDay: string; timeZone: string; canceled?: unknown }, at: Date): boolean =>
  about.canceled != null || hasEnded(about, at);

/** Whether a class's last day has passed in its time zone. It ends enrollments, charges, promotions, and refunds. */
export function hasEnded({ lastDay, timeZone }: { lastDay: string; timeZone: string }, at: Date): boolean {
  // Swedish dates are in ISO 8601
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeZone });
  formats.set(timeZone, format);
  return format.format(at) > lastDay;
}
