/* Hashes a second of the C reference, for `cargo bench -- hash_pool`: see scripts/argon2-reference.
 *
 * Reads lines "HASHES MEMORY_KIB PASSES" and answers each with the nanoseconds that so many hashes took, one after the
 * other on this thread. The library's interface allocates the memory anew for each hash; so it is measured. */
#include <argon2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(void) {
    const char *password = "Correct-horse-9-battery", *salt = "0123456789abcdef";
    unsigned long long hashes;
    unsigned memory, passes;
    while (scanf("%llu %u %u", &hashes, &memory, &passes) == 3) {
        long long began = now();
        for (unsigned long long i = 0; i < hashes; i++) {
            unsigned char output[32];
            int failed = argon2id_hash_raw(passes, memory, 1, password, strlen(password), salt, 16, output, 32);
            if (failed) {
                fprintf(stderr, "argon2: %s\n", argon2_error_message(failed));
                return 1;
            }
        }
        printf("%lld\n", now() - began);
        fflush(stdout);
    }
    return 0;
}
