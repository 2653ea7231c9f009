#pragma once

#include <string>

#include "http/batched_reader.hpp"
#include "persistence/executions.hpp"

namespace cued::http {

/// Single executions as their callers see them, those that are asked for at the same time in one statement.
/// The JSON is written on the thread that read the rows, so that only text goes from thread to thread.
/// Owner: main. Thread: find() on any I/O thread. Source: spec/executions.md §2.
class execution_lookup {
public:
  explicit execution_lookup(persistence::pool& database);

  /// The JSON of spec/executions.md §2. 404 `execution_not_found`.
  [[nodiscard]] boost::asio::awaitable<result<std::string>> find(persistence::execution_key asked) {
    return reader_.find(std::move(asked));
  }

private:
  batched_reader<persistence::execution_key, std::string> reader_;
};

} // namespace cued::http
