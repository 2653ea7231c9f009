#pragma once

#include <string>

#include "bench/report/report.hpp"

namespace cued::bench {

/// Processor, memory, kernel and the time of day, as this machine has them.
[[nodiscard]] conditions describe_machine();

/// Adds the version and the durability of the database; says so if it cannot be asked.
void describe_database(const std::string& dsn, conditions& out);

} // namespace cued::bench
