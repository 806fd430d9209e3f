/**
 * The sections of a DWG file of version AC1032 (AutoCAD 2018 and later), the version Creator's document asks for.
 *
 * A file is a number of pages; the page map has the place of each, the section map the section it belongs to.
 * Source: Open Design Alliance, "Open Design Specification for .dwg files", chapter 4. Checksums are not checked.
 */
import { CorruptDrawingError, guarded } from './corrupt';
import { decompress } from './decompress';

export interface SectionPlace {
  sizeInBytes: number;
  /** Of every page, decompressed. */
  pageBytes: number;
  isCompressed: boolean;
  pages: { address: number; startOffset: number }[];
}

/** The places of all sections by name: `AcDb:AcDbObjects`, `AcDb:Header`, … */
export type SectionPlaces = Map<string, SectionPlace>;

const fileHeader = { address: 0x80, sizeInBytes: 0x6c, magic: 'AcFssFcAJMB' };
const firstPageAddress = 0x100;
const systemPageHeaderBytes = 20;
const dataPageHeaderBytes = 32;
const dataPageType = 0x4163043b;
const maxSectionBytes = 256 * 1024 ** 2;
const maxPageBytes = 16 * 1024 ** 2;

/** @throws CorruptDrawingError */
export function findSections(file: Buffer): SectionPlaces {
  return guarded(() => {
    const header = decryptFileHeader(file);
    const pages = readPageMap(systemPage(file, longAt(header, 0x54) + firstPageAddress));
    const sectionMapAddress = pages.get(header.readUInt32LE(0x5c));
    if (sectionMapAddress === undefined) throw new CorruptDrawingError('it has no section map');
    return readSectionMap(systemPage(file, sectionMapAddress), pages);
  });
}

/** The bytes of one section, decompressed. @throws CorruptDrawingError, also when there is no such section */
export function readSection(file: Buffer, sections: SectionPlaces, name: string): Buffer {
  const place = sections.get(name);
  if (place === undefined) throw new CorruptDrawingError(`it has no section ${name}`);
  return guarded(() => {
    const section = Buffer.alloc(bounded(place.sizeInBytes, maxSectionBytes));
    for (const { address, startOffset } of place.pages) dataPage(file, address, place).copy(section, startOffset);
    return section;
  });
}

/** The file header is XORed with the numbers of a well-known generator. */
function decryptFileHeader(file: Buffer): Buffer {
  const header = Buffer.from(file.subarray(fileHeader.address, fileHeader.address + fileHeader.sizeInBytes));
  let seed = 1;
  for (const [index, byte] of header.entries()) {
    seed = (Math.imul(seed, 0x343fd) + 0x269ec3) >>> 0;
    header[index] = byte ^ ((seed >>> 16) & 0xff);
  }
  if (header.toString('latin1', 0, fileHeader.magic.length) !== fileHeader.magic) throw new CorruptDrawingError('its file header is wrong');
  return header;
}

function systemPage(file: Buffer, address: number): Buffer {
  const size = bounded(file.readUInt32LE(address + 4), maxPageBytes);
  const start = address + systemPageHeaderBytes;
  return decompress(file.subarray(start, start + file.readUInt32LE(address + 8)), size);
}

/** Page numbers and their addresses. Pages follow each other; negative numbers are gaps. */
function readPageMap(map: Buffer): Map<number, number> {
  const pages = new Map<number, number>();
  let address = firstPageAddress;
  for (let at = 0; at < map.length;) {
    const number = map.readInt32LE(at);
    if (number > 0) pages.set(number, address);
    address += map.readUInt32LE(at + 4);
    at += number < 0 ? 24 : 8;
  }
  return pages;
}

function readSectionMap(map: Buffer, pages: Map<number, number>): SectionPlaces {
  const sections: SectionPlaces = new Map();
  let at = 20;
  for (let left = map.readUInt32LE(0); left > 0; left -= 1) {
    const name = map.toString('latin1', at + 32, at + 96).split('\0')[0] ?? '';
    const place: SectionPlace = {
      sizeInBytes: longAt(map, at),
      pageBytes: bounded(map.readUInt32LE(at + 12), maxPageBytes),
      isCompressed: map.readUInt32LE(at + 20) === 2,
      pages: [],
    };
    const pageCount = map.readUInt32LE(at + 8);
    at += 96;
    for (let page = 0; page < pageCount; page += 1, at += 16) {
      const address = pages.get(map.readUInt32LE(at));
      if (address === undefined) throw new CorruptDrawingError('its section map names a page that is not there');
      place.pages.push({ address, startOffset: longAt(map, at + 8) });
    }
    sections.set(name, place);
  }
  return sections;
}

/** Headers of data pages are XORed with a number made of their address. */
function dataPage(file: Buffer, address: number, { isCompressed, pageBytes }: SectionPlace): Buffer {
  const mask = (0x4164536b ^ address) >>> 0;
  const field = (index: number): number => (file.readUInt32LE(address + 4 * index) ^ mask) >>> 0;
  if (field(0) !== dataPageType) throw new CorruptDrawingError('a page of it has the wrong type');
  const start = address + dataPageHeaderBytes;
  const body = file.subarray(start, start + field(2));
  return isCompressed ? decompress(body, pageBytes) : body;
}

function longAt(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

function bounded(sizeInBytes: number, maxBytes: number): number {
  if (sizeInBytes > maxBytes) throw new CorruptDrawingError(`it claims to have a part of ${sizeInBytes} bytes`);
  return sizeInBytes;
}
