// memzone.hpp: RAII, and memory resources.
#include "memzone.hpp"

#include "check.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

int hooks_ran = 0;

void count(void*) { hooks_ran += 1; }

void zones()
{
    mz::zone zone(1000);
    zone.on_cleanup(count, nullptr);
    int* number = zone.make<int>(5);
    CHECK(*number == 5 && zone.contains(number) && zone.used() > 0);
    mz::zone moved = std::move(zone);
    CHECK(zone.get() == nullptr && moved.contains(number));
    moved.reset();
    CHECK(hooks_ran == 1 && moved.used() == 0);
    moved.on_cleanup(count, nullptr);
    moved = mz::zone(100);
    CHECK(hooks_ran == 2);
    mz_zone* sent = moved.send();
    std::thread([sent] {
        mz::zone here = mz::zone::receive(sent);
        CHECK(here.make<double>(1.5) != nullptr);
        try {
            mz::zone again = mz::zone::receive(sent);
            CHECK(false);
        } catch (const mz::error& error) {
            CHECK(error.code() == MZ_ERROR_INVALID && std::strlen(error.what()) > 10);
        }
    }).join();
    try {
        mz::zone none(SIZE_MAX);
        CHECK(false);
    } catch (const mz::error& error) {
        CHECK(error.code() == MZ_ERROR_TOO_LARGE);
    }
    mz_zone_options options = {};
    options.capacity = 64;
    options.flags = MZ_FIXED;
    mz::zone fixed(options);
    mz::zone_resource resource(fixed);
    try {
        (void)resource.allocate(100);
        CHECK(false);
    } catch (const std::bad_alloc&) {
    }
    CHECK(fixed.contains(resource.allocate(0)));
    std::vector<unsigned char> buffer(1000);
    mz::zone in_buffer(buffer.data(), buffer.size());
    void* place = mz::zone_resource(in_buffer).allocate(10, 32);
    CHECK(place > buffer.data() && reinterpret_cast<std::uintptr_t>(place) % 32 == 0);
}

void containers()
{
    const std::size_t depth = mz_depth();
    {
        mz::scope outer(4096);
        mz::scope_resource in_outer(outer);
        std::pmr::vector<std::pmr::string> names(&in_outer);
        {
            mz::scope inner(4096);
            mz::scope_resource in_inner(inner);
            std::pmr::unordered_map<int, std::pmr::string> map(&in_inner);
            for (int i = 0; i < 200; i++) map[i] = "the name of number " + std::to_string(i);
            for (int i = 0; i < 200; i++) names.push_back(map.at(i));
            CHECK(inner.used() > 200 * 24);
        }
        CHECK(names.size() == 200 && names[199] == "the name of number 199");
        CHECK(outer.used() > 200 * sizeof(std::pmr::string));
    }
    CHECK(mz_depth() == depth);
    {
        mz::zone zone(1000);
        mz::pushed current(zone);
        std::pmr::vector<int> numbers(mz::current());
        numbers.assign(100, 7);
        CHECK(zone.contains(numbers.data()));
        mz::scope scope;
        std::pmr::vector<int> more(mz::current());
        more.assign(100, 8);
        CHECK(!zone.contains(more.data()) && scope.used() >= 400);
        int* value = scope.make<int>(3);
        CHECK(*value == 3);
        // A plain struct has no constructor, and is made of its members.
        struct point {
            float x, y;
        };
        point* corner = scope.make<point>(1.0f, 2.0f);
        point* copy = zone.make<point>(*corner);
        CHECK(corner->y == 2.0f && copy->x == 1.0f && zone.make<point>()->y == 0.0f);
        float* block = scope.make_array<float>(64);
        CHECK(std::all_of(block, block + 64, [](float sample) { return sample == 0.0f; }));
        CHECK(zone.contains(zone.make_array<point>(10)) && zone.make_array<int>(0) != nullptr);
        try {
            scope.make_array<point>(SIZE_MAX / 4);
            CHECK(false);
        } catch (const mz::error& error) {
            CHECK(error.code() == MZ_ERROR_TOO_LARGE);
        }
    }
    CHECK(mz_depth() == depth);
    // An exception leaves scopes in order.
    try {
        mz::scope outer;
        mz::scope inner;
        throw 1;
    } catch (int) {
    }
    CHECK(mz_depth() == depth);
    CHECK(*mz::current() == *mz::current());
}

void heaps()
{
    mz::heap heap(1 << 18);
    {
        mz::heap_resource resource(heap);
        std::pmr::unordered_map<int, std::pmr::vector<float>> voices(&resource);
        for (int i = 0; i < 64; i++) voices[i].assign(64, static_cast<float>(i));
        for (int i = 0; i < 64; i += 2) voices.erase(i);
        CHECK(voices.at(63)[63] == 63.0f && heap.used() > 32 * 64 * sizeof(float));
        // Given back on another thread.
        auto block = std::make_unique<std::pmr::vector<int>>(100, 1, &resource);
        std::thread([&block] { block.reset(); }).join();
        try {
            (void)resource.allocate(1 << 20);
            CHECK(false);
        } catch (const std::bad_alloc&) {
        }
    }
    mz_heap_drain(heap.get(), 1000);
    CHECK(heap.used() == 0);
}

} // namespace

int main()
{
    zones();
    containers();
    heaps();
    puts("pmr: ok");
    return 0;
}
