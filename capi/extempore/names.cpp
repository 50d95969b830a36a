// The four functions of Extempore's zones that its own C++ calls. Their names are mangled, and differ by platform, so the
// compiler that builds Extempore makes them. All else is in the library, which is built with `--features extempore`.
//
// Compile this file in the place of `src/EXTZones.cpp`: see `docs/c.md`.

#include <cstdint>

struct llvm_zone_t;

extern "C" {
llvm_zone_t* llvm_zone_create_extern(std::uint64_t size);
llvm_zone_t* llvm_peek_zone_stack_extern();
void llvm_push_zone_stack_extern(llvm_zone_t* zone);
llvm_zone_t* memzone_extempore_reset(llvm_zone_t* zone);
}

#ifndef MEMZONE_EXTEMPORE_NO_NAMESPACE
namespace extemp {
namespace EXTZones {
#endif

llvm_zone_t* llvm_zone_create(std::uint64_t size);
llvm_zone_t* llvm_zone_reset(llvm_zone_t* zone);
llvm_zone_t* llvm_peek_zone_stack();
void llvm_push_zone_stack(llvm_zone_t* zone);

llvm_zone_t* llvm_zone_create(std::uint64_t size)
{
    return llvm_zone_create_extern(size);
}

llvm_zone_t* llvm_zone_reset(llvm_zone_t* zone)
{
    return memzone_extempore_reset(zone);
}

llvm_zone_t* llvm_peek_zone_stack()
{
    return llvm_peek_zone_stack_extern();
}

void llvm_push_zone_stack(llvm_zone_t* zone)
{
    llvm_push_zone_stack_extern(zone);
}

#ifndef MEMZONE_EXTEMPORE_NO_NAMESPACE
}
}
#endif
