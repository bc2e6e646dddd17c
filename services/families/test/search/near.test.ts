import { describe, expect, test } from '@jest/globals';
import { boxesAround, parseNear } from '../../src/search/near.ts';

describe('parseNear', () => {
  test('reads a place and a distance', () => {
    expect(parseNear('44.97,-93.26,10')).toEqual({ latitude: 44.97, longitude: -93.26, km: 10 });
    expect(parseNear('44.97,-93.26')).toEqual({ latitude: 44.97, longitude: -93.26, km: 25 });
    expect(parseNear('-90,180,0.5')).toEqual({ latitude: -90, longitude: 180, km: 0.5 });
  });

  test.each(['', '1', '1,', '91,0', '0,181', '0,0,0', '0,0,501', '0,0,-1', '1e1,2', 'NaN,0', '0,0,1,2', ' 0,0'])(
    'refuses “%s”',
    (text) => expect(parseNear(text)).toBeUndefined(),
  );
});

describe('boxesAround', () => {
  const corners = (box: string): number[] => box.replace(/[()]/g, '').split(',').map(Number);

  test('holds the circle, which is wider in degrees the nearer to a pole', () => {
    const [box, none] = boxesAround({ latitude: 60, longitude: 10, km: 111.195 });
    const [east = 0, north = 0, west = 0, south = 0] = corners(box);
    expect([north, south]).toEqual([61, 59]);
    expect(east - 10).toBeGreaterThan(2);
    expect(east - 10).toBeLessThan(2.2);
    expect(10 - west).toBeCloseTo(east - 10, 9);
    expect(none).toBeUndefined();
  });

  test('is two boxes across the antimeridian', () => {
    for (const longitude of [179.9, -179.9]) {
      const boxes = boxesAround({ latitude: 0, longitude, km: 50 });
      expect(boxes).toHaveLength(2);
      for (const box of boxes) for (const degree of corners(box)) expect(Math.abs(degree)).toBeLessThanOrEqual(180);
    }
  });

  test('is the whole cap at a pole', () => {
    const [box] = boxesAround({ latitude: 89.9, longitude: 10, km: 100 });
    expect(corners(box)).toEqual([180, 90, -180, expect.any(Number)]);
  });
});
