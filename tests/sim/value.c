#include "sim/value.h"

#include <string.h>

static const char magic[4] = {'o', 'r', 'd', '1'};

enum offset {
    AT_GENERATION = 4,
    AT_LIMIT = 12,
    AT_NODE = 20,
    AT_WORKER = 24,
    AT_WORKERS = 28,
    AT_CRC = 36,
};

/* CRC-32, four bits at a time. */
static uint32_t checksum(const uint8_t *bytes, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc = table[(crc ^ bytes[i]) & 15] ^ (crc >> 4);
        crc = table[(crc ^ (bytes[i] >> 4)) & 15] ^ (crc >> 4);
    }
    return ~crc;
}

void sim_value_encode(const struct sim_value *value, uint8_t ret[SIM_VALUE_SIZE])
{
    memset(ret, 0, SIM_VALUE_SIZE);
    memcpy(ret, magic, sizeof magic);
    memcpy(ret + AT_GENERATION, &value->generation, sizeof value->generation);
    memcpy(ret + AT_LIMIT, &value->limit, sizeof value->limit);
    memcpy(ret + AT_NODE, &value->node, sizeof value->node);
    memcpy(ret + AT_WORKER, &value->worker, sizeof value->worker);
    memcpy(ret + AT_WORKERS, &value->workers, sizeof value->workers);
    uint32_t crc = checksum(ret, AT_CRC);
    memcpy(ret + AT_CRC, &crc, sizeof crc);
}

enum ord_code sim_value_decode(const uint8_t bytes[SIM_VALUE_SIZE], struct sim_value *ret_value,
                               struct ord_error *error)
{
    uint32_t crc;
    memcpy(&crc, bytes + AT_CRC, sizeof crc);
    if (memcmp(bytes, magic, sizeof magic) != 0 || crc != checksum(bytes, AT_CRC))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "the stored value is damaged");
    memcpy(&ret_value->generation, bytes + AT_GENERATION, sizeof ret_value->generation);
    memcpy(&ret_value->limit, bytes + AT_LIMIT, sizeof ret_value->limit);
    memcpy(&ret_value->node, bytes + AT_NODE, sizeof ret_value->node);
    memcpy(&ret_value->worker, bytes + AT_WORKER, sizeof ret_value->worker);
    memcpy(&ret_value->workers, bytes + AT_WORKERS, sizeof ret_value->workers);
    return ORD_OK;
}
