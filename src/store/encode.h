/* How values are stored: numbers little endian, at any address, and a check of the whole. Private to store/. */
#pragma once

#include <endian.h>
#include <lmdb.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

static inline void put16(uint8_t *at, uint16_t value)
{
    value = htole16(value);
    memcpy(at, &value, sizeof value);
}

static inline void put32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof value);
}

static inline void put64(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}

static inline uint16_t get16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return le16toh(value);
}

static inline uint32_t get32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static inline uint64_t get64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

/* CRC-32 of a key and of the value that must stand there and nowhere else. */
static inline uint32_t checksum_of(const MDB_val *key, const uint8_t *value, size_t size)
{
    uLong crc = crc32(0, key->mv_data, (uInt)key->mv_size);
    return (uint32_t)crc32(crc, value, (uInt)size);
}
