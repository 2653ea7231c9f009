#include "http/waiting.hpp"

#include <exception>

#include <spdlog/spdlog.h>

namespace cued::http::detail {

error database_queue_full() { return unavailable("Too many requests are waiting for the database"); }

error explain_escaped_exception() {
  try {
    throw;
  } catch (const std::exception& e) {
    spdlog::error("work for the database ended with an exception: {}", e.what());
  } catch (...) {
    spdlog::error("work for the database ended with an unknown exception");
  }
  return {};
}

} // namespace cued::http::detail
