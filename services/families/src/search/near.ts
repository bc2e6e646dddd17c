export interface Near {
  /** Degrees. */
  readonly latitude: number;
  readonly longitude: number;
  readonly km: number;
}

/** A rectangle in degrees, as Postgres writes boxes: `(east,north),(west,south)`. */
type Box = string;

const kmPerDegree = 111.195;

/** What `parseNear` accepts, for the API's description: ±90, ±180, more than 0 and up to 500. */
export const nearPattern =
  /^-?(90(\.0{1,12})?|[0-8]?\d(\.\d{1,12})?),-?(180(\.0{1,12})?|(1[0-7]\d|\d{1,2})(\.\d{1,12})?)(,(500(\.0{1,3})?|([1-4]\d\d|[1-9]\d?)(\.\d{1,3})?|0\.([1-9]\d{0,2}|0[1-9]\d?|00[1-9])))?$/;

/** Reads `lat,lon` or `lat,lon,km`; undefined when it is not that, or not on Earth. */
export function parseNear(text: string): Near | undefined {
  if (!nearPattern.test(text)) return undefined;
  const [latitude = 0, longitude = 0, km = 25] = text.split(',').map(Number);
  return { latitude, longitude, km };
}

/**
 * The rectangles that hold everything within `km`: what the GiST index can look up before distances are computed.
 * Two of them where the circle crosses the antimeridian; the whole cap where it reaches a pole.
 */
export function boxesAround({ latitude, longitude, km }: Near): [Box] | [Box, Box] {
  const up = km / kmPerDegree;
  const south = Math.max(-90, latitude - up);
  const north = Math.min(90, latitude + up);
  const reachesPole = south === -90 || north === 90;
  // the circle is widest, in degrees, on its side nearer to the pole
  const narrowest = Math.cos((Math.max(Math.abs(south), Math.abs(north)) * Math.PI) / 180);
  const across = reachesPole ? 180 : Math.min(180, up / narrowest);
  const [west, east] = [longitude - across, longitude + across];
  const box = (from: number, to: number): Box => `(${to},${north}),(${from},${south})`;
  if (across === 180) return [box(-180, 180)];
  if (west < -180) return [box(-180, east), box(west + 360, 180)];
  if (east > 180) return [box(west, 180), box(-180, east - 360)];
  return [box(west, east)];
}
