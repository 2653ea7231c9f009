#include "bench/report/figures.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace cued::bench {
namespace {

std::string with_decimals(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string grouped(std::string digits) {
  constexpr std::size_t group = 3;
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (auto at = digits.size(); at > first + group;)
    digits.insert(at -= group, ",");
  return digits;
}

/// Three digits that say something.
std::string three_digits(double value) {
  const auto size = std::abs(value);
  return size == 0 ? "0" : with_decimals(value, size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0);
}

} // namespace

costs costs_of(const measurement& m) {
  costs out;
  if (m.operations == 0)
    return out;
  const auto operations = static_cast<double>(m.operations);
  const auto per_operation = [operations](auto spent) { return static_cast<double>(spent) / operations; };
  if (m.spent.wal_bytes > 0 || m.spent.database_bytes > 0) {
    out.commits_per_operation = per_operation(m.spent.commits);
    out.wal_bytes_per_operation = per_operation(m.spent.wal_bytes);
    out.wal_syncs_per_operation = per_operation(m.spent.wal_syncs);
  }
  if (m.spent.updates > 0)
    out.hot_share = static_cast<double>(m.spent.hot_updates) / static_cast<double>(m.spent.updates);
  if (m.cpu.server.count() > 0)
    out.server_us_per_operation = per_operation(m.cpu.server.count());
  if (m.cpu.postgres.count() > 0)
    out.postgres_us_per_operation = per_operation(m.cpu.postgres.count());
  if (m.cpu.load.count() > 0)
    out.load_us_per_operation = per_operation(m.cpu.load.count());
  return out;
}

std::string short_number(double value) {
  const auto size = std::abs(value);
  if (size >= 100)
    return grouped(with_decimals(value, 0));
  return size > 0 && size < 0.1 ? with_decimals(value, 4) : three_digits(value);
}

std::string short_duration(std::chrono::microseconds value) {
  const auto us = static_cast<double>(value.count());
  constexpr double us_in_ms = 1e3, us_in_s = 1e6;
  if (us < us_in_ms)
    return with_decimals(us, 0) + " µs";
  return us < us_in_s ? three_digits(us / us_in_ms) + " ms" : three_digits(us / us_in_s) + " s";
}

std::string short_bytes(double bytes) {
  constexpr double kilobyte = 1e3, megabyte = 1e6, gigabyte = 1e9;
  if (bytes < kilobyte)
    return with_decimals(bytes, 0) + " B";
  if (bytes < megabyte)
    return three_digits(bytes / kilobyte) + " kB";
  return bytes < gigabyte ? three_digits(bytes / megabyte) + " MB" : three_digits(bytes / gigabyte) + " GB";
}

} // namespace cued::bench
