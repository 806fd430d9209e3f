/** What `$INSUNITS` of a drawing stands for. */
const metersByCode: Record<number, number> = {
  1: 0.0254,
  2: 0.3048,
  3: 1609.344,
  4: 0.001,
  5: 0.01,
  6: 1,
  7: 1000,
  10: 0.9144,
  14: 0.1,
  15: 10,
  16: 100,
};

/** @param isMetric decides where the drawing names no unit: AutoCAD starts such drawings in millimetres or inches. */
export function metersPerUnit(insertionUnits: number, isMetric: boolean): number {
  return metersByCode[insertionUnits] ?? (isMetric ? 0.001 : 0.0254);
}
