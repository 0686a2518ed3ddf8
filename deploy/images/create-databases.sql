-- One database a service: none of them reads another's tables.
CREATE DATABASE ringi_auth;
CREATE DATABASE ringi_customer;
CREATE DATABASE ringi_sales_activity;
CREATE DATABASE ringi_opportunity;
CREATE DATABASE ringi_analytics;
