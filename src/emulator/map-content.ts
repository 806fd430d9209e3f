/** The facts about buildings that datasets, and everything made of them, contain, and the packages they came from. */
import { unitedBoxes, type BoundingBox } from './bounding-box';
import type { BuildingSummary, LevelSummary } from './manifest';
import type { ResourceRecord } from './store';

/** A building. The service names id and ordinals; where it comes from is the emulator's own addition. */
interface Facility {
  facilityId: string;
  name: string;
  levelOrdinals: number[];
  conversionId: string;
  udid: string;
  /** Of the drawing package, in hexadecimal. */
  packageSha256: string;
}

export interface MapContent {
  featureClasses: string[];
  featureCounts: Record<string, number>;
  bbox: BoundingBox;
  levels: LevelSummary[];
  facilities: Facility[];
}

/** The fields of a conversion that follow from its package. */
export type ConversionContent = BuildingSummary & { bbox: BoundingBox; udid: string; packageSha256: string };

/** What one conversion adds to a dataset. */
export function contentOfConversion(conversion: ResourceRecord): MapContent {
  const { facilityName, levels, udid, packageSha256, featureClasses, featureCounts, bbox } =
    conversion.content as unknown as ConversionContent;
  const levelOrdinals = levels.map((level) => level.ordinal);
  const facility = { facilityId: '', name: facilityName, levelOrdinals, conversionId: conversion.id, udid, packageSha256 };
  return { featureClasses, featureCounts, bbox, levels, facilities: [facility] };
}

/** Picks a dataset's map content out of its fields. */
export function contentOfDataset(dataset: ResourceRecord): MapContent {
  const { featureClasses, featureCounts, bbox, levels, facilities } = dataset.content as unknown as MapContent;
  return { featureClasses, featureCounts, bbox, levels, facilities };
}

/** All of them in one, facilities numbered anew. */
export function mergedContent(parts: MapContent[]): MapContent {
  const featureCounts: Record<string, number> = {};
  for (const [name, count] of parts.flatMap((part) => Object.entries(part.featureCounts))) {
    featureCounts[name] = (featureCounts[name] ?? 0) + count;
  }
  return {
    featureClasses: [...new Set(parts.flatMap((part) => part.featureClasses))],
    featureCounts,
    bbox: unitedBoxes(parts.map((part) => part.bbox)),
    levels: parts.flatMap((part) => part.levels),
    facilities: parts.flatMap((part) => part.facilities).map((one, index) => ({ ...one, facilityId: `FCL${index + 1}` })),
  };
}

/** A tileset's configuration when the caller gives none: one layer for each feature class. */
export function defaultConfiguration(featureClasses: string[], zoom: { minZoom: number; maxZoom: number }): object {
  const layers = featureClasses.map((name) => [`Indoor ${name}`, { ...zoom, features: { featureClasses: [name] } }] as const);
  return { version: 1, layers: Object.fromEntries(layers) };
}
