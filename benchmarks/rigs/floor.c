/* The floor under the hash tables: the same hashing and sorting or filling in plain C, as short as it can be written.
   Built and loaded by rigs/floor.py; the benchmark asserts that its tables are ours. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define P1 0x9E3779B185EBCA87ULL
#define P2 0xC2B2AE3D27D4EB4FULL
#define P3 0x165667B19E3779F9ULL
#define P4 0x85EBCA77C2B2AE63ULL
#define P5 0x27D4EB2F165667C5ULL
#define ROTATE(v, bits) (((v) << (bits)) | ((v) >> (64 - (bits))))

/* XXH64 of a text shorter than 32 bytes: host keys with a number behind them. */
static uint64_t hash_short(const unsigned char *p, size_t size, uint64_t seed) {
    uint64_t h = seed + P5 + size, word;
    uint32_t half;
    for (; size >= 8; p += 8, size -= 8) {
        memcpy(&word, p, 8);
        h = ROTATE(h ^ ROTATE(word * P2, 31) * P1, 27) * P1 + P4;
    }
    if (size >= 4) {
        memcpy(&half, p, 4);
        h = ROTATE(h ^ half * P1, 23) * P2 + P3;
        p += 4;
        size -= 4;
    }
    for (; size; p++, size--) h = ROTATE(h ^ *p * P5, 11) * P1;
    h = (h ^ (h >> 33)) * P2;
    h = (h ^ (h >> 29)) * P3;
    return h ^ (h >> 32);
}

typedef struct { uint64_t hash; uint64_t host; } Point;

/* `each` points of every host, sorted by hash: a radix sort of eight passes. */
int floor_ring(const char **keys, int hosts, int each, uint64_t *hashes, uint32_t *owners) {
    size_t size = (size_t)hosts * (size_t)each, count = 0;
    Point *from = malloc(size * sizeof(Point)), *to = malloc(size * sizeof(Point)), *swap;
    unsigned char text[64], digits[16];
    if (from == NULL || to == NULL) return -1;
    for (int host = 0; host < hosts; host++) {
        size_t length = strlen(keys[host]);
        memcpy(text, keys[host], length);
        text[length++] = '_';
        for (int number = 0; number < each; number++) {
            int used = 0, rest = number;
            do digits[used++] = (unsigned char)('0' + rest % 10); while (rest /= 10);
            for (int at = 0; at < used; at++) text[length + (size_t)at] = digits[used - 1 - at];
            from[count].hash = hash_short(text, length + (size_t)used, 0);
            from[count++].host = (uint64_t)host;
        }
    }
    for (int shift = 0; shift < 64; shift += 8) {
        size_t starts[257] = {0};
        for (size_t at = 0; at < size; at++) starts[(from[at].hash >> shift & 255) + 1]++;
        for (int byte = 0; byte < 256; byte++) starts[byte + 1] += starts[byte];
        for (size_t at = 0; at < size; at++) to[starts[from[at].hash >> shift & 255]++] = from[at];
        swap = from;
        from = to;
        to = swap;
    }
    for (size_t at = 0; at < size; at++) {
        hashes[at] = from[at].hash;
        owners[at] = (uint32_t)from[at].host;
    }
    free(from);
    free(to);
    return 0;
}

/* Maglev of equal weights over sorted keys. */
int floor_maglev(const char **keys, int hosts, uint32_t size, uint32_t *slots) {
    uint32_t *offset = malloc((size_t)hosts * 8), *skip = offset + hosts, taken = 0;
    if (offset == NULL) return -1;
    memset(slots, 0xff, size * sizeof(uint32_t));
    for (int host = 0; host < hosts; host++) {
        const unsigned char *key = (const unsigned char *)keys[host];
        size_t length = strlen(keys[host]);
        offset[host] = (uint32_t)(hash_short(key, length, 0) % size);
        skip[host] = (uint32_t)(hash_short(key, length, 1) % (size - 1) + 1);
    }
    while (taken < size)
        for (int host = 0; host < hosts && taken < size; host++) {
            uint32_t at = offset[host];
            while (slots[at] != 0xffffffffu) at = (at + skip[host]) % size;
            slots[at] = (uint32_t)host;
            offset[host] = (at + skip[host]) % size;
            taken++;
        }
    free(offset);
    return 0;
}
