const formats = new Map<string, Intl.DateTimeFormat>();

/** The calendar day in a time zone, `2027-01-12`. */
function dayIn(timeZone: string, at: Date): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    const day = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    // Swedish dates are in ISO 8601
    format = new Intl.DateTimeFormat('sv-SE', { ...day, timeZone });
    formats.set(timeZone, format);
  }
  return format.format(at);
}

/** Whether a class's last day has passed in its time zone. It ends enrollments, charges, promotions, and refunds. */
export const hasEnded = ({ lastDay, timeZone }: { lastDay: string; timeZone: string }, at: Date): boolean =>
  dayIn(timeZone, at) > lastDay;
