// A vector and a map of the standard library in a scope, beside monotonic_buffer_resource and new. Build it with
//
//     c++ -std=c++17 -O2 -I include examples/containers.cpp libmemzone_capi.a -lpthread -lm -ldl -o containers

#include "memzone.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>
#include <vector>

namespace {

// What one block of work does: a vector of 64 numbers that grows, and a map of 8.
int work(std::pmr::memory_resource* memory)
{
    std::pmr::vector<int> numbers(memory);
    for (int i = 0; i < 64; i++) numbers.push_back(i);
    std::pmr::unordered_map<int, int> squares(memory);
    for (int i = 0; i < 8; i++) squares[i] = i * i;
    return numbers.back() + squares.at(7);
}

template <class Body> void measure(const char* name, Body body)
{
    const int rounds = 20000;
    long sum = 0;
    for (int i = 0; i < rounds / 10; i++) sum += body();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; i++) sum += body();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    std::printf("%-44s %8.0f ns\n", name, took.count() / rounds);
    if (sum != (rounds + rounds / 10) * (63L + 49L)) std::abort();
}

} // namespace

int main()
{
    measure("new", [] { return work(std::pmr::new_delete_resource()); });
    measure("monotonic_buffer_resource, fresh", [] {
        std::pmr::monotonic_buffer_resource fresh;
        return work(&fresh);
    });
    measure("monotonic_buffer_resource, in a buffer", [] {
        alignas(64) char buffer[8192];
        std::pmr::monotonic_buffer_resource in_buffer(buffer, sizeof buffer);
        return work(&in_buffer);
    });
    measure("mz::scope, scope_resource", [] {
        mz::scope scope;
        mz::scope_resource memory(scope);
        return work(&memory);
    });
    measure("mz::scope, the current zone", [] {
        mz::scope scope;
        return work(mz::current());
    });
    mz::zone zone(64 * 1024);
    measure("mz::zone, zone_resource, reset", [&zone] {
        int result = 0;
        {
            mz::zone_resource memory(zone);
            result = work(&memory);
        }
        zone.reset();
        return result;
    });
    mz::heap heap(1 << 20);
    measure("mz::heap, heap_resource", [&heap] {
        mz::heap_resource memory(heap);
        return work(&memory);
    });
    return 0;
}
