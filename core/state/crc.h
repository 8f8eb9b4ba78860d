/* CRC-32C (Castagnoli), as in iSCSI (RFC 3720, B.4): the checksum of all data in the state directory. Any thread. */
#ifndef FXI_STATE_CRC_H
#define FXI_STATE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Continues from crc, the checksum of the data before; the checksum of no data is 0. */
uint32_t fxi_crc32c(uint32_t crc, const void *data, size_t size);

/* The same without the processor's instruction; for tests. */
uint32_t fxi_crc32c_portable(uint32_t crc, const void *data, size_t size);

#endif
