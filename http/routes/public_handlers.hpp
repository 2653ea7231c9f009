#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/server/route.hpp"
#include "http/services.hpp"

/// The handlers behind the routes that need no account, for the one table in public.cpp. Source: spec/http.md §9.
namespace cued::http {

using public_handler = boost::asio::awaitable<result<response>>(services&, request&);

public_handler show_health; // health.cpp
public_handler show_status; // health.cpp
public_handler show_info;   // info.cpp

public_handler leave_echo; // echo.cpp
public_handler fetch_echo; // echo.cpp

public_handler show_metrics; // metrics.cpp

public_handler show_openapi;       // docs.cpp
public_handler show_docs;          // docs.cpp
public_handler show_docs_redirect; // docs.cpp

} // namespace cued::http
