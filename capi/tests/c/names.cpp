// The functions that Extempore's own C++ calls, by the names that extempore/names.cpp gives them.
#include "check.h"

#include <cstdint>

struct llvm_zone_t {
    void* memory;
    std::uint64_t offset;
    std::uint64_t mark;
    std::uint64_t size;
    void* cleanup_hooks;
    llvm_zone_t* memories;
};

extern "C" {
void* llvm_zone_malloc(llvm_zone_t* zone, std::uint64_t size);
void llvm_zone_destroy(llvm_zone_t* zone);
llvm_zone_t* llvm_pop_zone_stack();
}

namespace extemp {
namespace EXTZones {
llvm_zone_t* llvm_zone_create(std::uint64_t size);
llvm_zone_t* llvm_zone_reset(llvm_zone_t* zone);
llvm_zone_t* llvm_peek_zone_stack();
void llvm_push_zone_stack(llvm_zone_t* zone);
}
}

int main()
{
    using namespace extemp::EXTZones;
    llvm_zone_t* zone = llvm_zone_create(1000);
    llvm_push_zone_stack(zone);
    CHECK(llvm_peek_zone_stack() == zone);
    void* place = llvm_zone_malloc(zone, 24);
    CHECK(zone->offset == 64 && zone->size == 1000);
    CHECK(llvm_zone_reset(zone) == zone && zone->offset == 0);
    CHECK(llvm_zone_malloc(zone, 24) == place);
    CHECK(llvm_pop_zone_stack() == zone);
    llvm_zone_destroy(zone);
    CHECK(llvm_zone_reset(nullptr) == nullptr);
    puts("names: ok");
    return 0;
}
